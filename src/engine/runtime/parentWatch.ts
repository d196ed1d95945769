/**
 * A thread that ends its process when the parent has ended, also one that native code keeps busy. The parent holds the other end of standard input,
 * which nobody writes to; the system closes it however the parent ends. It is bundled as text.
 */
import { Socket } from 'node:net';

const end = () => process.kill(process.pid, 'SIGKILL');
new Socket({ fd: 0 }).on('end', end).on('error', end).on('close', end).resume();
