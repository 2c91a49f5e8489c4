"""careweb turns "I need" and "I can" into help between neighbours."""
