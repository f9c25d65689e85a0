"""What the nodes are made of: messages, camera_info, parameters, diagnostics, the worker."""
