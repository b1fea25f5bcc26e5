"""Photographs with captions: Flickr8k in its original layout, the words of captions, and drawn shapes as a stand-in."""
