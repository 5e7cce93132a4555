"""One verb a module: plain functions on values and stores, testable without Luigi."""
