"""Where the satellites are: element sets, time scales, Earth-fixed positions."""
