"""Files that ONNX Runtime has optimized: its session's (basic, extended), and its tool for transformers."""
import onnxruntime

import saving

LEVELS = {'basic': onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC, 'extended': onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED}
JOBS = [('lstm.script18', 'extended'), ('plain-lstm.keras2-15', 'basic'), ('gpt.dynamo', 'extended'), ('gpt-sdpa.dynamo', 'extended'), ('llama.dynamo20', 'extended')]
TOOL = [('gpt.torch113-13', 'gpt2')]


def main():
    for name, level in JOBS:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = LEVELS[level]
        options.optimized_model_filepath = saving.path(f'{name}.ort-{level}')
        options.log_severity_level = 4
        onnxruntime.InferenceSession(saving.path(name), options, providers=['CPUExecutionProvider'])
        saving.bare(options.optimized_model_filepath)
    from onnxruntime.transformers import optimizer
    for name, kind in TOOL:
        file = saving.path(f'{name}.ort-{kind}')
        optimizer.optimize_model(saving.path(name), model_type=kind, num_heads=2, hidden_size=8, opt_level=0).save_model_to_file(file)
        saving.bare(file)
