"""Weather at the stations: forecasts, reports and sensors in, scenarios and go or no-go out."""
