"""The wire contract as an AsyncAPI document, made from the messages."""
