"""Programs that read the service with engines for many machines: Ray Data, Dask, Spark."""
