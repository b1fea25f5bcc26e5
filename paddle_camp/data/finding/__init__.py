"""Where a data set lies, how it is fetched, unpacked and cached, and how small tables are read."""
