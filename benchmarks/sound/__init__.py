"""The audio watermark: what it survives, how it sounds, what it costs."""
