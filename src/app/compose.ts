/**
 * The composition root: configuration -> parts -> start -> drain. Nothing else in the program puts parts together; the
 * files beside this one make the larger ones.
 */
import { join } from 'node:path';
import { createConversation } from '../bots/conversation/conversation.ts';
import { Cartoonizer } from '../inference/cartoonizer.ts';
import { readStyles } from '../inference/models/manifest.ts';
import { readThumbnails, type Thumbnails } from '../inference/models/thumbnails.ts';
import { Metrics } from '../observability/metrics.ts';
import { logPhotos } from '../observability/photo-log.ts';
import { cartoonProcessor } from '../queue/cartoon-processor.ts';
import { VERSION } from '../shared/version.ts';
import { createTexts } from '../texts/index.ts';
import { createWeb, loadDeviceFiles } from '../web/index.ts';
import { openBackend } from './backend.ts';
import { createBots } from './bots.ts';
import { concurrencyOf } from './concurrency.ts';
import { createHealth } from './health-server.ts';
import type { StartService } from './lifecycle.ts';
import { metricsRoute } from './metrics-route.ts';
import { createReadiness, engineCheck } from './readiness.ts';
import { draws, type Role, talks } from './role.ts';
import { sweepSwitchedOff } from './switched-off.ts';

/** The service of a role, ready to be run by `runProcess`. */
export function serviceOf(role: Role): StartService {
  return async (config, logger, onFatal) => {
    const part = (name: string) => logger.child({ part: name });
    const metrics = new Metrics(VERSION);
    const backend = await openBackend(config, role, part);
    const { queue } = backend;
    metrics.watchQueue(queue);
    backend.watch(metrics);
    logPhotos(queue, part('photos'));
    const stopSweeping = await sweepSwitchedOff(config, part('storage'));

    // Its process starts while thumbnails and the libraries of the bots are loaded here.
    const starting = draws(role)
      ? Cartoonizer.create({
          modelsDir: config.MODELS_DIR,
          profile: config.TIER,
          concurrency: concurrencyOf(config),
          timeoutMs: config.PHOTO_TIMEOUT_SECONDS * 1000,
          logger: part('inference'),
        })
      : undefined;
    starting?.catch(() => {}); // told where it is awaited

    const styles = await readStyles(config.MODELS_DIR);
    const thumbnails: Thumbnails = talks(role)
      ? await readThumbnails(config.MODELS_DIR, part('thumbnails'))
      : new Map();
    const conversation = createConversation({
      queue,
      styles,
      defaultStyle: config.DEFAULT_STYLE,
      preferences: backend.preferences,
      log: part('conversation'),
    });
    let answered = 0;
    let failed = 0;
    queue.on('done', ({ outcome }) => void (outcome.ok ? answered++ : failed++));
    const stats = () => ({ ...queue.counts(), answered, failed });
    const bots = talks(role)
      ? await createBots({ config, conversation, thumbnails, logger, stats, onFatal })
      : { adapters: [], routes: [] };

    const engine = await starting;
    if (engine) {
      metrics.watchEngine(engine);
      queue.process(cartoonProcessor(engine));
    }

    let stopping = false;
    const notReady = createReadiness([
      () => (stopping ? 'Stopping: accepted photos are being finished, new ones are refused.' : undefined),
      ...(engine ? [engineCheck(engine)] : []),
      backend.ready,
      ...bots.adapters.map((bot) => () => bot.trouble()),
    ]);
    const extraRoutes = [metricsRoute(metrics, config.METRICS_TOKEN), ...bots.routes];
    const web = talks(role)
      ? await createWeb({
          config,
          queue,
          styles,
          thumbnails,
          device: await loadDeviceFiles(config.MODELS_DIR),
          logger,
          texts: createTexts,
          extraRoutes,
          notReady,
          botLinks: () =>
            bots.adapters.flatMap((bot) => {
              const url = bot.link();
              return url === undefined ? [] : [{ platform: bot.platform, url }];
            }),
          folder: join(config.DATA_DIR, 'page'),
        })
      : createHealth({ config, notReady, routes: extraRoutes });
    const isOn = config.WEB === 'on';
    // The page first: webhooks must be reachable before a platform is told about them.
    if (isOn) logger.info(`The ${talks(role) ? 'page' : 'worker'} is on: ${(await web.start()).url}`);
    else logger.info('The page is off: WEB=off');
    await Promise.all(bots.adapters.map((bot) => bot.start()));
    if (talks(role) && !isOn && bots.adapters.length === 0) {
      throw new Error('Nothing to run: WEB=off and no bot token is set.');
    }

    return {
      async stop() {
        stopping = true;
        stopSweeping();
        await Promise.all(bots.adapters.map((bot) => bot.stop()));
        const left = await queue.drain(config.DRAIN_SECONDS * 1000);
        if (left > 0) await conversation.restarting();
        await web.stop();
        await queue.close();
        await Promise.all(bots.adapters.map((bot) => bot.close()));
        await conversation.close();
        await engine?.close();
        await backend.close();
        logger.info({ left }, 'stopped');
      },
    };
  };
}
