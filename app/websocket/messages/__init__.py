"""What is said on a socket: commands, frames and codes, and how they become bytes. No I/O."""
