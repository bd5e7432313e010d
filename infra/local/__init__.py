"""The embedded ground: broker and warehouse of one machine, and who starts them."""
