/**
 * Our side of the measurements: one JSON object a line on standard input, one answer a line on standard output, like peer/peer.py.
 *
 *     {"do": "describe"}                                  → versions
 *     {"do": "build", "name", …TrainingRequest}           → {}
 *     {"do": "run", "name", "steps", "what"?}             → {"seconds", "processor"} of all these training steps (or steps with samples, or frames, or matrices)
 *     {"do": "shared", "name", "seconds", "rate"}         → {"alone", "together"}: steps per second without and with frames
 *     {"do": "profile", "name", "steps"}                  → {"seconds", "functions"} where the time goes
 *     {"do": "gemm", "shape": [m, n, k], "threads"}       → {"flops"} per second of one product on ONNX Runtime
 *     {"do": "gradient", …LongRequest, "segmented"}       → {"seconds", "bytes"} of the gradient over a long text
 *     {"do": "gradientDifference", …LongRequest}          → {"difference"} between both ways
 *     {"do": "writeModel", …ForeignModelRequest}         → {"bytes"} of a model's file
 *     {"do": "open", "path", "probe"}                   → {"seconds", "bytes", "look"} of opening it and of a look at a probe
 *     {"do": "memory"}                                    → {"bytes"}: the most that this process has had resident
 *     {"do": "playground", …PlaygroundRequest}            → {"first", "moved"}: milliseconds of its answers
 *     {"do": "exponents", …ExponentsRequest}              → {"seconds", "processor", "largest"}: Lyapunov exponents of an LSTM
 *     {"do": "gaussian", …GaussianRequest}                → {"exponent"}: the largest, of a random network
 *     {"do": "clear"}                                     → {}: forgets the models
 */
import { enableRelaxedSimd } from '../../src/engine/relaxedSimd';
import { versions } from '../../src/engine/versions';
import { answerRequests } from '../lib/answer';
import { createTraining, kernelNames, type Training, type TrainingRequest } from './engine';
import { gemmSpeed } from './gemm';
import { longDifference, longGradient, type LongRequest } from './long';
import { openForeignModel, writeForeignModel, type ForeignModelRequest } from './opening';
import { playgroundAnswers, type PlaygroundRequest } from './playground';
import { profile } from './profile';
import { exponents, gaussianExponent, type ExponentsRequest, type GaussianRequest } from './spectra';
import { costOf, framesBesideTraining, timeOf } from './timing';

type Request =
  | { readonly do: 'describe' | 'clear' | 'memory' }
  | ({ readonly do: 'build'; readonly name: string } & TrainingRequest)
  | { readonly do: 'run'; readonly name: string; readonly steps: number; readonly what?: keyof Training }
  | { readonly do: 'shared'; readonly name: string; readonly seconds: number; readonly rate: number }
  | { readonly do: 'profile'; readonly name: string; readonly steps: number }
  | ({ readonly do: 'gradient'; readonly segmented: boolean } & LongRequest)
  | ({ readonly do: 'gradientDifference' } & LongRequest)
  | ({ readonly do: 'writeModel' } & ForeignModelRequest)
  | { readonly do: 'open'; readonly path: string; readonly probe: number }
  | ({ readonly do: 'playground' } & PlaygroundRequest)
  | ({ readonly do: 'exponents' } & ExponentsRequest)
  | ({ readonly do: 'gaussian' } & GaussianRequest)
  | { readonly do: 'gemm'; readonly shape: readonly [number, number, number]; readonly threads: number };

enableRelaxedSimd();

const trainings = new Map<string, Training>();
const threadsOfUser = process.env['BACKFLOW_BENCH_THREADS'];

function trainingOf(name: string): Training {
  const training = trainings.get(name);
  if (!training) throw new Error(`nothing was built under the name ${name}`);
  return training;
}

async function answer(request: Request): Promise<object> {
  switch (request.do) {
    case 'describe':
      return { ...versions('ort'), v8: process.versions.v8 };
    case 'build': {
      const threads = request.threads ?? (threadsOfUser === undefined ? null : Number(threadsOfUser));
      trainings.set(request.name, await createTraining({ ...request, threads }));
      return {};
    }
    case 'run': {
      const training = trainingOf(request.name);
      return costOf(training[request.what ?? 'step'], request.steps);
    }
    case 'shared':
      return framesBesideTraining(trainingOf(request.name), request.seconds, request.rate);
    case 'profile': {
      const training = trainingOf(request.name);
      return profile(() => timeOf(training.step, request.steps), kernelNames());
    }
    case 'gemm':
      return { flops: await gemmSpeed(request.shape, request.threads) };
    case 'gradient':
      return longGradient(request);
    case 'gradientDifference':
      return longDifference(request);
    case 'writeModel':
      return writeForeignModel(request);
    case 'open':
      return openForeignModel(request.path, request.probe);
    case 'playground':
      return playgroundAnswers(request);
    case 'memory':
      return { bytes: 1024 * process.resourceUsage().maxRSS };
    case 'exponents':
      return exponents(request);
    case 'gaussian':
      return gaussianExponent(request);
    case 'clear':
      trainings.clear();
      // The next row starts without this one's garbage.
      globalThis.gc?.();
      return {};
  }
}

void answerRequests(answer);
