"""The version of this code: written into every marker, so that a figure can be traced to it."""

VERSION = "0.1.0"
