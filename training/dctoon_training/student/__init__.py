"""The networks that ship: shape, surgery, calibration, and the loop that trains them."""
