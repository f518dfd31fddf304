"""HTTP and nothing else: what was asked, which representation, what headers. The only floor that knows fastapi."""
