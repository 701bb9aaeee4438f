"""Colour: profiles, Lab, lightness, gamma and depth."""
