import { Command } from 'commander';
import { CORE_KEYS } from '#config/fabric/coreKeys.ts';
import { FabricConfig } from '#config/fabric/fabricConfig.ts';
import type { KeyTable } from '#config/fabric/keySpec.ts';
import { ORDERER_KEYS } from '#config/fabric/ordererKeys.ts';
import { ordererSettings } from '#config/fabric/ordererSettings.ts';
import { peerSettings } from '#config/fabric/peerSettings.ts';
import type { NodeLog } from '#node/nodeParts.ts';
import { LoggerLevels } from '#node/operations/loggerLevels.ts';
import { createLogger } from '../logger.ts';
import { untilInterrupted } from '../untilInterrupted.ts';

const HELP = (name: 'core' | 'orderer'): string => `
Configured as Fabric's: by ${name}.yaml in the folder that FABRIC_CFG_PATH names (else the working folder, else
/etc/hyperledger/fabric), with environment variables before it, such as ${name === 'core' ? 'CORE_PEER_LISTENADDRESS' : 'ORDERER_GENERAL_LISTENPORT'}. Keys that nobody knows are named in a
warning. FTL's own keys are below \`ftl\`: \`ftl.tracing.file\` tells where records go (standard output else).

The log goes to standard error. SIGINT or SIGTERM stops the node: calls under way end, files are closed.`;

/** `ftl peer`: as Fabric's command of that name, as far as it runs a node. */
export function peerCommand(): Command {
  const start = new Command('start')
    .description('Run a peer until it is told to stop')
    .addHelpText('after', HELP('core'))
    .action(async () => {
      // From the first moment on: a signal while the ledgers open ends the node in order as well.
      const interrupted = untilInterrupted();
      const { config, log, modules } = load('core', CORE_KEYS);
      const settings = peerSettings(config, process.env);
      const { Peer } = await import('#node/peer.ts');
      await run(await Peer.start(settings, modules), interrupted, log);
    });
  return new Command('peer')
    .description('Run a Fabric peer')
    .addCommand(new Command('node').description('The peer as a process').addCommand(start));
}

/** `ftl orderer`: as Fabric's program of that name. */
export function ordererCommand(): Command {
  const start = new Command('start')
    .description('Run an orderer until it is told to stop')
    .addHelpText('after', HELP('orderer'))
    .action(async () => {
      const interrupted = untilInterrupted();
      const { config, log, modules } = load('orderer', ORDERER_KEYS);
      const settings = ordererSettings(config);
      const { OrdererNode } = await import('#node/ordererNode.ts');
      await run(await OrdererNode.start(settings, modules), interrupted, log);
    });
  return new Command('orderer').description('Run a Fabric orderer').addCommand(start, { isDefault: true });
}

async function run(node: { stop(): Promise<void> }, interrupted: Promise<void>, log: NodeLog): Promise<void> {
  await interrupted;
  log.info({}, 'stopping');
  await node.stop();
  log.info({}, 'stopped');
}

function load(name: 'core' | 'orderer', keys: KeyTable) {
  const levels = new LoggerLevels(process.env['FABRIC_LOGGING_SPEC'] ?? '');
  // What is written is decided by logger, and may be decided otherwise while the node runs.
  const sink = createLogger('debug');
  const log: NodeLog = levels.enabled('nodeCmd', 'info') ? sink : createLogger('warn');
  const config = FabricConfig.load({ name, keys, environment: process.env, workingFolder: process.cwd() });
  for (const warning of config.warnings) {
    log.warn({}, warning);
  }
  log.info({ file: config.file, withoutEffect: config.withoutEffect }, 'configuration read');
  return { config, log, modules: { log: sink, levels } };
}
