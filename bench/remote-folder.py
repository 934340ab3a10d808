#!/usr/bin/env python3
"""remote-folder.py GGUF FOLDER: the same model as a Hugging Face folder of float32 weights, which vLLM loads."""
import sys

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

folder, _, name = sys.argv[1].rpartition("/")
read = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
config = AutoConfig.from_pretrained(folder, gguf_file=name)
made = AutoModelForCausalLM.from_config(config, dtype=torch.float32)  # one read from GGUF refuses to be saved
made.load_state_dict(read.state_dict())
made.save_pretrained(sys.argv[2])
AutoTokenizer.from_pretrained(folder, gguf_file=name).save_pretrained(sys.argv[2])
