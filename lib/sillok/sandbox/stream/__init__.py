"""What happens as it happens: the WebSocket side of the sandbox."""
