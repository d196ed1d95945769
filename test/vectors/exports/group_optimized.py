"""Files that ONNX Runtime has optimized: its session's (basic, extended), and its tool for transformers."""
import os

import onnx
import onnxruntime

import saving

LEVELS = {'basic': onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC, 'extended': onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED}
JOBS = [('lstm.script18', 'extended'), ('matrices-scripted.script17', 'extended'), ('gpt.script18', 'basic'), ('gpt.torch113-13', 'extended'), ('gpt.dynamo', 'extended'),
        ('gpt-sdpa.dynamo', 'extended'), ('llama.dynamo20', 'extended'), ('encoder.script18', 'extended'), ('plain-lstm.keras2-15', 'extended')]
TOOL = [('gpt.torch113-13', 'gpt2'), ('encoder.torch113-14', 'bert'), ('llama.dynamo20', 'phi')]


def main():
    for name, level in JOBS:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = LEVELS[level]
        options.optimized_model_filepath = saving.path(f'{name}.ort-{level}')
        options.log_severity_level = 4
        onnxruntime.InferenceSession(saving.path(name), options, providers=['CPUExecutionProvider'])
        saving.bare(options.optimized_model_filepath)
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions
    for name, kind in TOOL:
        try:
            options = FusionOptions(kind)
            options.attention_mask_format = None if kind != 'bert' else options.attention_mask_format
            tool = optimizer.optimize_model(saving.path(name), model_type=kind, num_heads=2, hidden_size=8, opt_level=0)
            file = saving.path(f'{name}.ort-{kind}')
            tool.save_model_to_file(file)
            saving.bare(file)
        except Exception as error:
            print(f'{name} {kind}: {type(error).__name__}: {str(error).strip().splitlines()[-1][:300]}')
