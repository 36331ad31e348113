"""Networks as ONNX graphs, and TFLite files as such."""
