"""float-folder.py MODEL.gguf FOLDER: the model with its weights in float32, as transformers writes it: for servers that
read no GGUF file. A model that was loaded from one refuses to be saved, so its weights go into a fresh one."""
import sys
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

source, target = Path(sys.argv[1]), sys.argv[2]
place = {"pretrained_model_name_or_path": str(source.parent), "gguf_file": source.name}
read = AutoModelForCausalLM.from_pretrained(**place, dtype=torch.float32)
config = AutoConfig.from_pretrained(**place)
fresh = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
fresh.load_state_dict(read.state_dict())
fresh.generation_config = read.generation_config
fresh.save_pretrained(target)
AutoTokenizer.from_pretrained(**place).save_pretrained(target)
