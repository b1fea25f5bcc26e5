"""Pictures as arrays: decoding, random changes, and photographs of one's own digits."""
