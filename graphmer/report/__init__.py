"""Tables, figures and an HTML page of results."""
