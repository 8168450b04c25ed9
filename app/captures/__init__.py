"""What scans have captured: contents under their sha256, in a local folder or in object storage that speaks S3."""
