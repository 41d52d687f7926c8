"""Who runs the model: a process of its own, asked by a `Request` and answering in events."""
