"""What other plans would have paid, and what a deal would earn. Nothing is written."""
