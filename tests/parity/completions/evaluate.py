"""lm-evaluation-harness on `jopa serve`, by its model `local-completions`: each log-likelihood is the one that
`jopa score` has for the same tokens. Run by test_completions.sh: evaluate.py JOPA MODEL."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import lm_eval
from lm_eval.tasks import TaskManager

HERE = Path(__file__).parent
NEAR = 0.06  # nats: another batch, other rounding


def score(jopa, model, prompt, response):
    words = [jopa, "score", "-m", model, "-q", "-F", "json", "--raw", "-r", response, "--hide", "0", prompt]
    return json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)["results"][0]["log_prob"]["full"]


def evaluate(link, folder):
    shutil.copytree(HERE, folder, dirs_exist_ok=True)
    os.chdir(folder)  # where the tasks' data is
    arguments = {"model": "jopa", "base_url": f"{link}v1/completions", "num_concurrent": 2, "max_retries": 1}
    return lm_eval.simple_evaluate(model="local-completions", model_args=arguments, tasks=["capitals", "sentences"], batch_size=2,
                                   task_manager=TaskManager(include_path=str(folder), include_defaults=False), bootstrap_iters=0)


def main(jopa, model):
    server = subprocess.Popen([jopa, "serve", "-m", model, "--port", "0", "-q"], stdout=subprocess.PIPE, text=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            got = evaluate(server.stdout.readline().strip(), folder)
        finally:
            server.terminate()
    failed = False
    for sample in got["samples"]["capitals"]:
        for choice, (value, _) in zip(sample["doc"]["choices"], sample["filtered_resps"]):
            mine = score(jopa, model, sample["doc"]["question"], choice)
            failed |= abs(mine - value) > NEAR
            print(f"{sample['doc']['question']}{choice}: {value:.3f}, jopa score {mine:.3f}")
    texts = [sample["filtered_resps"][0] for sample in got["samples"]["sentences"]]
    print(got["results"], texts)
    return failed or not all(texts) or got["results"]["capitals"]["acc,none"] < 0.7


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
