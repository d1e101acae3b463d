"""Object storage behind one small protocol: a folder, memory, or S3.

What belongs here: reading, creating, swapping and copying objects; uploading and verifying folders of files. What does
not: what the objects mean. Keys come from `embtune_api.keys`, documents from `embtune_api.documents`.
"""
