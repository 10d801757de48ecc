"""The lane for names that no list has: a model marks them in titles and leads, beside the pipelines; off by default."""
