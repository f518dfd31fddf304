"""How answers are served: the HTTP server, its protocol and middleware. Imports no dataset and no format."""
