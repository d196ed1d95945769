"""Every sentence a person sees, in English and Korean, and the ways to say one."""

from __future__ import annotations

import locale
import os
import sys
import warnings
from typing import Dict, Set, Tuple

SENTENCES: Dict[str, Tuple[str, str]] = {
    "stopped": (
        "Recording has stopped at step {step}, and the training goes on without it: {reason}",
        "{step}단계에서 기록이 멈추었고, 학습은 기록 없이 계속됩니다. 이유: {reason}",
    ),
    "recording": ("Recording to {folder}.", "{folder}에 기록합니다."),
    "recorded": (
        "Recorded {steps} steps, {files} of them with their gradient flow, in {folder}.",
        "{folder}에 {steps}단계를 기록했고, 그중 {files}단계에는 기울기 흐름도 있습니다.",
    ),
    "dropped": (
        "{count} steps that were to be recorded were left out, because writing them took longer than training: choose a larger every than {every}.",
        "기록이 학습보다 오래 걸려 기록할 {count}단계를 건너뛰었습니다. every를 {every}보다 크게 하십시오.",
    ),
    "noRecurrent": (
        "Nothing was recorded: no nn.RNN, nn.LSTM, nn.GRU or cell of these took part in a training step. For other modules, call backflow_recorder.flow(model, ids, layers=[…]).",
        "기록한 것이 없습니다. 학습 단계에 nn.RNN, nn.LSTM, nn.GRU나 그 셀이 쓰이지 않았습니다. 다른 모듈에는 backflow_recorder.flow(model, ids, layers=[…])를 쓰십시오.",
    ),
    "noStep": (
        "Nothing was recorded: no optimizer of torch.optim took a step.",
        "기록한 것이 없습니다. torch.optim의 최적화기가 한 단계도 실행하지 않았습니다.",
    ),
    "noModule": (
        "{model} has no nn.RNN, nn.LSTM, nn.GRU or cell of these, so only its losses and gradient norms are recorded. For its gradient flow, call backflow_recorder.flow(model, ids, layers=[…]).",
        "{model}에 nn.RNN, nn.LSTM, nn.GRU나 그 셀이 없어 손실과 기울기 노름만 기록합니다. 기울기 흐름을 보려면 backflow_recorder.flow(model, ids, layers=[…])를 부르십시오.",
    ),
    "notSeen": (
        "{modules} took part in no recorded step, or not where the recorder can see it: compiled cells, scripted modules and frozen layers that read no gradient are not seen. Make the Recorder before torch.compile, or leave it out.",
        "{modules}을(를) 기록한 단계에서 볼 수 없었습니다. 컴파일된 셀, 스크립트 모듈, 기울기가 지나지 않는 고정된 층은 보이지 않습니다. torch.compile보다 먼저 Recorder를 만들거나 torch.compile을 빼십시오.",
    ),
    "scriptFailed": (
        "The script ended with {error}; what was recorded until then is kept.",
        "스크립트가 {error}(으)로 끝났습니다. 그때까지의 기록은 남아 있습니다.",
    ),
    "folderUsed": (
        "{folder} already holds a recording or other files. Name another folder, or remove it.",
        "{folder}에 이미 기록이나 다른 파일이 있습니다. 다른 폴더를 지정하거나 지우십시오.",
    ),
    "every": ("every is a whole number from 1, not {value}.", "every는 1 이상의 정수여야 합니다. 받은 값: {value}"),
    "streams": ("streams is a whole number from 1, not {value}.", "streams는 1 이상의 정수여야 합니다. 받은 값: {value}"),
    "side": (
        'side is "before-clipping" or "after-clipping", not {value}.',
        'side는 "before-clipping" 또는 "after-clipping"이어야 합니다. 받은 값: {value}',
    ),
    "scalarTarget": (
        "Scalars go to an object with add_scalar(name, value, step) or to a function of a dict; {value} is neither.",
        "스칼라는 add_scalar(name, value, step)가 있는 객체나 dict를 받는 함수로 보냅니다. {value}은(는) 둘 다 아닙니다.",
    ),
    "model": ("The model is a torch.nn.Module, not {value}.", "모델은 torch.nn.Module이어야 합니다. 받은 값: {value}"),
    "sharded": (
        "The weights of {module} are shards (FSDP), of which one process has only a part; only losses and gradient norms of the parts are recorded.",
        "{module}의 가중치가 조각(FSDP)으로 나뉘어 한 프로세스에는 일부만 있습니다. 손실과 그 조각의 기울기 노름만 기록합니다.",
    ),
    "keywordInput": (
        "The flow of {module} is not recorded: this PyTorch does not show the recorder arguments that are given by name. Call it as module(input, state).",
        "{module}의 흐름은 기록하지 않습니다. 이 PyTorch에서는 이름으로 준 인수를 볼 수 없습니다. module(input, state)로 부르십시오.",
    ),
    "changedState": (
        "The flow of {module} is not recorded: its state is changed between its steps, or they are computed again in the backward pass (checkpointing), so that the steps are no one recurrence. Call backflow_recorder.flow for it.",
        "{module}의 흐름은 기록하지 않습니다. 단계 사이에 상태가 바뀌거나 역전파에서 다시 계산되어(checkpoint) 한 순환으로 이어지지 않습니다. backflow_recorder.flow를 쓰십시오.",
    ),
    "chainedDirections": (
        "The flow of {module} is not recorded: it has two directions and is called piece by piece with its state handed on.",
        "{module}의 흐름은 기록하지 않습니다. 양방향 층을 조각마다 상태를 넘기며 불렀습니다.",
    ),
    "notReproduced": (
        "The flow of {module} is not recorded: the outputs computed from its weights differ from those it gave by {difference:.1e} of their size. Its weights have changed since then, or it computes something else than its class says.",
        "{module}의 흐름은 기록하지 않습니다. 가중치로 계산한 출력이 모듈의 출력과 크기의 {difference:.1e}만큼 다릅니다. 그 뒤에 가중치가 바뀌었거나, 클래스와 다른 계산을 하는 모듈입니다.",
    ),
    "otherGradient": (
        "The gradient of {parameter} is not the one that follows from what reached the output of its module (ratio {ratio:.3g}): something else changes gradients, or uses these weights. The recorded flow is that of the module alone.",
        "{parameter}의 기울기가 모듈 출력에 닿은 기울기에서 나오는 값과 다릅니다(비 {ratio:.3g}). 다른 것이 기울기를 바꾸거나 이 가중치를 씁니다. 기록한 흐름은 이 모듈만의 것입니다.",
    ),
    "lossNotDivided": (
        "The gradient is {count} times that of the mean loss over the {count} micro-batches of a step: the loss is not divided by the number of accumulation steps. If that is not meant, divide it (in Hugging Face's Trainer: a model whose forward takes **kwargs has to use num_items_in_batch, or to say accepts_loss_kwargs = False).",
        "기울기가 한 단계의 마이크로배치 {count}개의 평균 손실 기울기의 {count}배입니다. 손실을 누적 횟수로 나누지 않았습니다. 의도한 것이 아니면 나누십시오(Hugging Face Trainer에서는 forward가 **kwargs를 받는 모델이 num_items_in_batch를 쓰거나 accepts_loss_kwargs = False로 밝혀야 합니다).",
    ),
    "afterUpdate": (
        "recorder.step(loss) came after optimizer.step(), when the weights had already changed: call it between loss.backward() and optimizer.step().",
        "recorder.step(loss)가 가중치가 이미 바뀐 optimizer.step() 뒤에 왔습니다. loss.backward()와 optimizer.step() 사이에서 부르십시오.",
    ),
    "noScript": ("There is no file {script}.", "{script} 파일이 없습니다."),
    "usage": (
        "python -m backflow_recorder [--out FOLDER] [--every N] [--streams N] [--matrix] train.py [ITS ARGUMENTS]",
        "python -m backflow_recorder [--out 폴더] [--every N] [--streams N] [--matrix] train.py [스크립트 인수]",
    ),
    "option": ("There is no option {option}, or its value is missing or wrong.", "{option} 옵션이 없거나 값이 없거나 잘못되었습니다."),
    "flowKind": ("ids are the tokens of one text as numbers, not {value}.", "ids는 글 하나의 토큰 번호여야 합니다. 받은 것: {value}"),
    "flowIds": (
        "ids are the tokens of one text, at least two of them: [T], [1, T] or [T, 1]; these have the shape {shape}.",
        "ids는 토큰이 둘 이상인 글 하나여야 합니다: [T], [1, T] 또는 [T, 1]. 받은 모양: {shape}",
    ),
    "flowLayers": (
        "layers names no module of the model: {value}. Give modules, or names as in model.named_modules().",
        "layers에 모델의 모듈이 아닌 것이 있습니다: {value}. 모듈이나 model.named_modules()의 이름을 주십시오.",
    ),
    "flowTargets": (
        'targets is "last", "all", or step numbers from 0 to {last}; {value} is none of these.',
        'targets는 "last", "all" 또는 0부터 {last}까지의 단계 번호여야 합니다. 받은 값: {value}',
    ),
    "flowScores": (
        "The model's answer has no scores of {steps} steps that ids can be looked up in (its shape is {shape}): give loss=function(answer, step), the loss of one step.",
        "모델의 답에서 {steps}단계의 점수를 찾을 수 없습니다(모양 {shape}). loss=function(answer, step)로 한 단계의 손실을 주십시오.",
    ),
    "flowTime": (
        "{module} has no time axis: it gave {calls} outputs of shape {shape} for {steps} steps.",
        "{module}에 시간 축이 없습니다. {steps}단계에 모양 {shape}의 출력을 {calls}개 냈습니다.",
    ),
    "flowNotCalled": ("{module} takes no part in what the model computes.", "{module}은(는) 모델의 계산에 쓰이지 않습니다."),
    "flowPrecision": (
        "The model does not run in float64 ({reason}); its own precision is used, and gradients below 1e-38 are zero.",
        "모델이 float64로 실행되지 않아({reason}) 모델 자체의 정밀도를 씁니다. 1e-38보다 작은 기울기는 0이 됩니다.",
    ),
    "gridForm": (
        "--grid has the form KEY=VALUE,VALUE,…, as in gain=0.8,1,1.2; {word} has not.",
        "--grid는 gain=0.8,1,1.2처럼 KEY=VALUE,VALUE,… 꼴이어야 합니다. 받은 값: {word}",
    ),
    "gridKey": ("--grid knows no {name}. Its keys: {keys}.", "--grid에 {name}(이)라는 키는 없습니다. 쓸 수 있는 키: {keys}"),
    "gridTwice": ("--grid names a key or a value twice: {word}.", "--grid에 같은 키나 값이 두 번 있습니다: {word}"),
    "sweepTooMany": (
        "The grid makes {count} trials, and {most} is the most: name fewer values, or fewer samples.",
        "격자의 시도가 {count}개인데 {most}개까지 할 수 있습니다. 값이나 samples를 줄이십시오.",
    ),
    "sweepLongName": (
        "With these settings a trial's folder would have a name of {count} characters, and {most} is the most: sweep fewer settings at once.",
        "이 설정들로는 시도 폴더의 이름이 {count}자가 되는데 {most}자까지 쓸 수 있습니다. 한 번에 더 적은 설정을 바꾸십시오.",
    ),
    "sweepChanged": (
        "{file} has changed since the sweep in {folder} began, so its trials could not be compared with new ones. Name another folder by --out.",
        "{folder}의 스윕을 시작한 뒤 {file}이(가) 바뀌어 새 시도와 비교할 수 없습니다. --out으로 다른 폴더를 지정하십시오.",
    ),
    "sweepNoGrid": ("--grid is missing", "--grid가 없습니다"),
    "sweepCorpus": ("{corpus} is no UTF-8 text of two characters or more that can be read.", "{corpus}을(를) 두 글자 이상의 UTF-8 글로 읽을 수 없습니다."),
    "noNode": ("Node.js ({node}) was not found: install it, or name it by --node.", "Node.js({node})를 찾을 수 없습니다. 설치하거나 --node로 지정하십시오."),
    "noCli": (
        "Backflow's command line ({cli}) was not found: npm run build makes dist/cli.js; name it by --cli.",
        "Backflow 명령줄({cli})을 찾을 수 없습니다. npm run build로 dist/cli.js를 만들고 --cli로 지정하십시오.",
    ),
    "rayNowhere": (
        "No Ray cluster answers at {address}: begin one by ray start --head on its first machine, whose output names the address.",
        "{address}에서 응답하는 Ray 클러스터가 없습니다. 첫 컴퓨터에서 ray start --head로 시작하면 주소가 출력됩니다.",
    ),
    "rayRefused": (
        "The Ray cluster at {address} was not joined ({reason}). One that asks for a token, as ray start --head makes it where ~/.ray/auth_token is, needs RAY_AUTH_MODE=token and the same token here.",
        "{address}의 Ray 클러스터에 들어가지 못했습니다({reason}). 토큰을 요구하는 클러스터(~/.ray/auth_token이 있는 곳에서 ray start --head로 시작한 것)에는 RAY_AUTH_MODE=token과 같은 토큰이 필요합니다.",
    ),
    "rayStart": ("Ray did not start: {reason}", "Ray가 시작되지 않았습니다. 이유: {reason}"),
    "sweepFunction": (
        "{word} is no function of a Python file: FILE.py, whose function is train, or FILE.py:FUNCTION is needed.",
        "{word}에 해당하는 파이썬 파일의 함수가 없습니다. FILE.py(함수 train) 또는 FILE.py:함수이름이 필요합니다.",
    ),
    "sweepNoFunction": ("{file} has no function {function}.", "{file}에 함수 {function}이(가) 없습니다."),
    "sweepNothingRecorded": (
        "{function} of {file} has recorded no step: it has to make a Recorder in the folder that it is given, and call its step.",
        "{file}의 {function}이(가) 기록한 단계가 없습니다. 받은 폴더에 Recorder를 만들고 step을 호출해야 합니다.",
    ),
    "gridName": (
        "{name} is no name of a setting here: a name as in Python is needed, but seed and steps, which every trial has.",
        "{name}은(는) 설정 이름으로 쓸 수 없습니다. 파이썬식 이름이어야 하며, 모든 시도에 있는 seed와 steps는 쓸 수 없습니다.",
    ),
    "sweepHeap": (
        "Node.js ran out of memory for JavaScript: the model, its text or its window is too large for this machine.",
        "Node.js의 JavaScript 메모리가 모자랐습니다. 모델, 글 또는 윈도가 이 컴퓨터에 너무 큽니다.",
    ),
    "sweepMemory": (
        "The training ran out of memory: the model, its data or its window is too large for this machine.",
        "학습 중 메모리가 모자랐습니다. 모델, 데이터 또는 윈도가 이 컴퓨터에 너무 큽니다.",
    ),
    "sweepKilled": (
        "The training was killed from outside (SIGKILL), as a system does that runs out of memory.",
        "학습이 밖에서 강제로 종료되었습니다(SIGKILL). 메모리가 모자랄 때 시스템이 이렇게 합니다.",
    ),
    "sweepSignal": ("The training was ended by the signal {signal}.", "학습이 신호 {signal}(으)로 종료되었습니다."),
    "sweepSignalWith": (
        "The training was ended by the signal {signal}: {reason}",
        "학습이 신호 {signal}(으)로 종료되었습니다: {reason}",
    ),
    "sweepSilent": (
        "The training ended with exit status {status} and did not say why.",
        "학습이 이유를 밝히지 않고 종료 상태 {status}(으)로 끝났습니다.",
    ),
    "sweepEnded": (
        "The training was asked from outside to end, at step {step} of {steps}.",
        "밖에서 요청하여 {steps}단계 중 {step}단계에서 학습이 끝났습니다.",
    ),
    "sweepWorkerLost": (
        "Its worker was lost {times} times: it was killed, it crashed, or its machine left the cluster.",
        "작업 프로세스를 {times}번 잃었습니다. 강제로 종료되었거나, 충돌했거나, 그 컴퓨터가 클러스터를 떠났습니다.",
    ),
    "sweepWorkerImport": (
        "The Python in which Ray runs on the cluster has no {module}: install it there, on every machine, before ray start.",
        "클러스터에서 Ray가 실행되는 파이썬에 {module}이(가) 없습니다. ray start 전에 모든 컴퓨터에 설치하십시오.",
    ),
    "sweepWorkerMemory": (
        "Its worker was ended {times} times because the machine had too little memory left: run fewer trials at once (--concurrent).",
        "컴퓨터의 메모리가 모자라 작업 프로세스가 {times}번 종료되었습니다. 동시에 실행하는 시도를 줄이십시오(--concurrent).",
    ),
    "sweepStillWrites": (
        "Process {pid}, which trained before, still writes {folder}: end it, and start the sweep again.",
        "앞서 학습한 프로세스 {pid}이(가) 아직 {folder}에 쓰고 있습니다. 종료한 뒤 스윕을 다시 시작하십시오.",
    ),
    "sweepOther": (
        "{folder} holds another sweep, or other files. Name another folder by --out.",
        "{folder}에 다른 스윕이나 파일이 있습니다. --out으로 다른 폴더를 지정하십시오.",
    ),
    "sweepNone": ("{folder} holds no sweep that this version can read.", "{folder}에 이 버전이 읽을 수 있는 스윕이 없습니다."),
    "sweepAxes": ("--axes names two of {keys}, as X,Y; {axes} does not.", "--axes는 {keys} 중 둘을 X,Y로 지정해야 합니다. 받은 값: {axes}"),
    "sweepNumber": ("a whole number from 1 is needed, not {value}", "1 이상의 정수가 필요합니다. 받은 값: {value}"),
    "sweepUsage": (
        "python -m backflow_recorder.sweep CORPUS --grid KEY=VALUE,… [options], or --help; the problem: {problem}.",
        "python -m backflow_recorder.sweep CORPUS --grid KEY=VALUE,… [옵션] 또는 --help. 문제: {problem}",
    ),
    "sweepBegins": ("{count} trials, in {folder}.", "{folder}에서 {count}번 시도합니다."),
    "sweepInterrupted": ("Interrupted; the same command goes on where this one ended.", "중단했습니다. 같은 명령을 다시 실행하면 이어집니다."),
    "sweepDrawn": ("The picture is in {file}.", "그림: {file}"),
    "sweepHorizon": ("Horizon in tokens", "지평(토큰)"),
    "sweepLoss": ("Loss", "손실"),
    "sweepValidationLoss": ("Validation loss", "검증 손실"),
    "sweepNats": ("{name} in nats per token", "{name}(토큰당 nat)"),
    "sweepSquaredError": ("{name}, mean squared error", "{name}(평균 제곱 오차)"),
    "sweepMissing": ("none", "없음"),
    "sweepStates": (
        "Trials: {done} done, {stopped} stopped early, {diverged} diverged, {failed} failed, {missing} missing.",
        "시도: 완료 {done}, 조기 중단 {stopped}, 발산 {diverged}, 실패 {failed}, 없음 {missing}.",
    ),
    "sweepMedians": (
        "A cell is the median over its trials; colors are on a logarithmic scale, unless a value is zero or below; hatched: no trial has a value.",
        "칸의 값은 그 시도들의 중앙값이고 색은 0 이하인 값이 없으면 로그 눈금입니다. 빗금: 값이 있는 시도가 없습니다.",
    ),
    "sweepHelp": (
        "Trains Backflow's models over a grid of settings by Ray Tune, or draws a sweep that is there.",
        "Ray Tune으로 설정 격자마다 Backflow 모델을 학습하거나, 있는 스윕을 그립니다.",
    ),
    "sweepHelpCorpus": (
        "the text; a Python file with a function that trains; or a sweep's folder, to draw it",
        "글 파일, 학습 함수가 있는 파이썬 파일, 또는 그릴 스윕의 폴더",
    ),
    "sweepHelpGrid": ("settings and their values: every combination is trained", "설정과 값들: 모든 조합을 학습합니다"),
    "sweepHelpSamples": ("trainings of each, with seeds from 1 (default 1)", "조합마다 학습할 횟수, 시드는 1부터 (기본 1)"),
    "sweepHelpSteps": ("training steps of each (default 1000)", "학습 단계 수 (기본 1000)"),
    "sweepHelpOut": ("the sweep's folder (default runs/sweep-CORPUS)", "스윕의 폴더 (기본 runs/sweep-CORPUS)"),
    "sweepHelpAsha": ("ends the worse of the trials early, by their losses", "손실이 나쁜 시도를 일찍 끝냅니다"),
    "sweepHelpAddress": ("of a Ray cluster; without it everything is on this machine", "Ray 클러스터의 주소; 없으면 이 컴퓨터에서 실행"),
    "sweepHelpConcurrent": ("trials at once at most", "동시에 실행할 최대 시도 수"),
    "sweepHelpHtml": ("writes a picture of horizon and loss over the grid", "격자 위의 지평과 손실 그림을 씁니다"),
    "sweepHelpAxes": ("the picture's axes, two keys of the grid", "그림의 두 축, 격자의 키"),
    "sweepHelpNode": ("Node.js (default node)", "Node.js (기본 node)"),
    "sweepHelpCli": ("Backflow's command line (default dist/cli.js)", "Backflow 명령줄 (기본 dist/cli.js)"),
    "deepSpeed": (
        "Nothing is recorded: under DeepSpeed the gradients are its own and not the parameters'.",
        "기록하지 않습니다. DeepSpeed에서는 기울기가 매개변수가 아니라 DeepSpeed 안에 있습니다.",
    ),
    "flowOf": ("Gradient flow of {model}: {steps} steps, target {target}", "{model}의 기울기 흐름: {steps}단계, 대상 {target}"),
    "flowOfStep": (
        "Gradient flow of {model} at training step {at}: {steps} steps, target {target}",
        "{model}의 학습 {at}단계 기울기 흐름: {steps}단계, 대상 {target}",
    ),
    "flowAxis": (
        "How large the gradient of the target's loss is at each step, relative to the target's own step",
        "대상의 손실 기울기가 각 단계에서 얼마나 큰지, 대상 자신의 단계에 견주어 보여 줍니다",
    ),
    "flowTarget": ("target", "대상"),
    "flowSeries": ("series", "계열"),
    "flowHorizonHead": ("horizon", "지평"),
    "flowSlopeHead": ("slope (log10 a step)", "감쇠율(단계당 log10)"),
    "flowVanishedHead": ("vanished", "소실"),
    "flowExplodedHead": ("exploded", "폭발"),
    "flowVanishedAt": ("vanished below", "아래는 소실"),
    "flowExplodedAt": ("exploded above", "위는 폭발"),
    "flowNothing": ("none: nothing before the target", "없음: 대상 앞에 아무것도 없습니다"),
    "flowNotFinite": ("none: the gradient is not finite", "없음: 기울기가 유한하지 않습니다"),
    "flowZero": ("none: the gradient is zero at the target", "없음: 대상에서 기울기가 0입니다"),
    "flowNoHorizon": ("beyond the text", "글보다 멉니다"),
    "flowExplained": (
        "Horizon: how many steps back the gradient first falls below a thousandth of its size at the target. Of the steps before the target, vanished are those at or below a thousandth, exploded those at or above a hundredfold.",
        "지평: 기울기가 대상에서의 크기의 1000분의 1 아래로 처음 떨어지는 단계 수. 대상 앞의 단계 중 1000분의 1 이하는 소실, 100배 이상은 폭발입니다.",
    ),
    "flowMore": ("{count} more series are not drawn here; flow[name] has them.", "여기에 그리지 않은 계열이 {count}개 더 있습니다. flow[name]에 있습니다."),
    "noRecording": (
        "{folder} is no recording: it has no run.json that a recorder has written.",
        "{folder}은(는) 기록이 아닙니다. 기록기가 쓴 run.json이 없습니다.",
    ),
    "newerRecording": (
        "{file} has format version {version}, and this package reads version {known}: pip install --upgrade backflow-recorder.",
        "{file}은(는) 형식 버전 {version}이고 이 패키지는 버전 {known}을 읽습니다: pip install --upgrade backflow-recorder.",
    ),
    "noFlow": (
        "Step {step} of {folder} has no gradient flow: no recorded module took part in it, or the recorder could not follow it, and its warning said why.",
        "{folder}의 {step}단계에는 기울기 흐름이 없습니다. 기록하는 모듈이 쓰이지 않았거나, 기록기가 따라갈 수 없었습니다. 까닭은 기록기의 경고에 있습니다.",
    ),
    "noSteps": ("{folder} has no recorded step yet.", "{folder}에 아직 기록된 단계가 없습니다."),
    "noSuchStep": (
        "{folder} has no recorded step {step}; recording.steps lists those from {first} to {last}.",
        "{folder}에 기록된 단계 {step}이(가) 없습니다. recording.steps에 {first}부터 {last}까지의 단계가 있습니다.",
    ),
    "brokenStep": ("{file} cannot be read ({reason}).", "{file}을(를) 읽을 수 없습니다({reason})."),
    "adapter": (
        "{adapter} needs {package}: pip install {package}.",
        "{adapter}에는 {package}이(가) 필요합니다: pip install {package}",
    ),
}


class RecorderError(ValueError):
    """Wrong input, refused where it enters, by a sentence for a person."""


class RecorderWarning(UserWarning):
    """What a person should know of a recording; the training goes on."""


def is_korean() -> bool:
    named = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), None)
    return (named or locale.getlocale()[0] or "").lower().startswith("ko")


def sentence(key: str, **values: object) -> str:
    return SENTENCES[key][1 if is_korean() else 0].format(**values)


def refuse(key: str, **values: object) -> RecorderError:
    return RecorderError(sentence(key, **values))


def tell(text: str) -> None:
    """To a person, on the standard error stream, which may be closed."""
    try:
        print(f"backflow: {text}", file=sys.stderr, flush=True)
    except (OSError, ValueError, AttributeError):
        pass


class Warner:
    """Warns once of each thing. Never raises, whatever the user has made of warnings."""

    def __init__(self) -> None:
        self._said: Set[Tuple[str, str]] = set()

    def __call__(self, key: str, **values: object) -> None:
        about = (key, str(values.get("module", "")))
        if about in self._said:
            return
        self._said.add(about)
        text = sentence(key, **values)
        try:
            warnings.warn(text, RecorderWarning, stacklevel=3)
        except Warning:
            tell(text)
