#!/usr/bin/env python3
"""float-model.py FROM TO [float16]: the same GGUF with all weights as float32, or its matrices as float16."""
import sys

import gguf

reader = gguf.GGUFReader(sys.argv[1])
architecture = reader.fields["general.architecture"].contents()
writer = gguf.GGUFWriter(sys.argv[2], architecture)
for name, field in reader.fields.items():
    if name.startswith("GGUF.") or name in ("general.architecture", "general.file_type"):
        continue
    kind = field.types[0]
    writer.add_key_value(name, field.contents(), kind, field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None)
half = sys.argv[3:] == ["float16"]
writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16 if half else gguf.LlamaFileType.ALL_F32)
for tensor in reader.tensors:
    shape = [int(d) for d in reversed(tensor.shape)]
    kind = "float16" if half and len(shape) > 1 else "float32"
    writer.add_tensor(tensor.name, gguf.dequantize(tensor.data, tensor.tensor_type).astype(kind).reshape(shape))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
