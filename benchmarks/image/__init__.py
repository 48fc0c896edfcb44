"""The image watermark: what it survives, how it looks, what it costs."""
