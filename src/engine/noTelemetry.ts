/**
 * The official builds of ONNX Runtime send their maker what they are used for (names and hashes of models among it), and keep an identifier in the
 * home folder and a log among the temporary files, unless this stands in the environment before they are loaded. What is read here concerns nobody else.
 */
process.env['ORT_DISABLE_TELEMETRY'] = '1';
