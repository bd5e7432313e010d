"""Where somebody stands, read from the public views and told in the terminal."""
