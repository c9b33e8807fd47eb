"""The ways out, one class each, behind one small contract."""
