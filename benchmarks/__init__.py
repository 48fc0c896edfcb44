"""What synthmark claims, measured: a room for pictures, one for sound, one for the whole chain."""
