"""Documents of weather in the formats of the world, read strictly into one record."""
