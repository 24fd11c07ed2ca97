"""Tools that a model may call: schemas, arguments, execution, approval."""
