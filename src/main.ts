/** The service as a program: `main.js [bot | worker]`, or `dctoon start | bot | worker`. */
import { serviceOf } from './app/compose.ts';
import { runProcess } from './app/lifecycle.ts';
import { roleOf } from './app/role.ts';

await runProcess(serviceOf(roleOf(process.argv[2])));
