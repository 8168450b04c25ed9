"""The HTTP and WebSocket protocol classes under uvicorn.

A leaf: it knows `app.core` alone, and it alone knows what is private of uvicorn.
"""
