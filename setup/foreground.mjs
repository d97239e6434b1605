import { spawn } from 'node:child_process';
import { ROOT } from './quietly.mjs';

/** A signal that comes again within this time is the same request: npm and the process group both pass it on. */
const SAME_REQUEST_MS = 1000;

/**
 * Runs Node in the foreground until it ends, passing signals on. Resolves with its exit code; where a signal ended
 * it, ends this process by the same signal.
 */
export function runForeground(node, args, env) {
  const child = spawn(node, args, { cwd: ROOT, env, stdio: 'inherit' });
  const stop = passSignalsTo(child);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      stop();
      if (signal) process.kill(process.pid, signal);
      else resolve(code);
    });
  });
}

/** @returns what ends the passing on */
function passSignalsTo(child) {
  // Ctrl-C in a terminal reaches the whole process group, the child too: passing it on would make it two.
  const inTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const passedAtMs = new Map();
  const pass = (signal) => {
    if (signal === 'SIGINT' && inTerminal) return;
    const isRepeat = performance.now() - (passedAtMs.get(signal) ?? Number.NEGATIVE_INFINITY) < SAME_REQUEST_MS;
    if (isRepeat) return;
    passedAtMs.set(signal, performance.now());
    child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, pass);
  return () => {
    for (const signal of signals) process.off(signal, pass);
  };
}
