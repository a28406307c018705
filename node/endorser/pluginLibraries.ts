import { registerHooks } from 'node:module';
import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ValidationPlugin } from '#node/commit/validationPlugins.ts';
import type { EndorsementPluginFactory } from './endorsementPlugins.ts';
import { EndorserError, messageOf } from './endorserError.ts';

/** Modules by the names of their plugins: `peer.handlers.endorsers.NAME.library`, or that of `validators`. */
export type PluginLibraries = Readonly<Record<string, string>>;

/**
 * Modules whose default export is an `EndorsementPluginFactory`.
 * @param folder that relative paths start from
 * @throws EndorserError `plugin`
 */
export function loadEndorsementPlugins(
  libraries: PluginLibraries,
  folder: string,
): Promise<Readonly<Record<string, EndorsementPluginFactory>>> {
  return load(
    libraries,
    folder,
    'a function',
    (found): found is EndorsementPluginFactory => typeof found === 'function',
  );
}

/**
 * Modules whose default export is a `ValidationPlugin`.
 * @throws EndorserError `plugin`
 */
export function loadValidationPlugins(
  libraries: PluginLibraries,
  folder: string,
): Promise<Readonly<Record<string, ValidationPlugin>>> {
  return load(
    libraries,
    folder,
    'an object with a method `validate`',
    (found): found is ValidationPlugin =>
      typeof found === 'object' && found !== null && 'validate' in found && typeof found.validate === 'function',
  );
}

/** What libraries import, from wherever they lie: there is no package of that name beside an operator's configuration. */
const PLUGIN_API = 'fabric-ftl/plugins';
let hasApi = false;

function offerApi(): void {
  if (!hasApi) {
    hasApi = true;
    const url = new URL('../plugins.ts', import.meta.url).href;
    registerHooks({
      resolve: (specifier, context, next) =>
        specifier === PLUGIN_API ? { url, shortCircuit: true } : next(specifier, context),
    });
  }
}

async function load<T>(
  libraries: PluginLibraries,
  folder: string,
  wanted: string,
  isPlugin: (found: unknown) => found is T,
): Promise<Readonly<Record<string, T>>> {
  const plugins: Record<string, T> = {};
  for (const [name, library] of Object.entries(libraries)) {
    const path = isAbsolute(library) ? library : resolve(folder, library);
    let module: { readonly default?: unknown };
    offerApi();
    try {
      module = (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
    } catch (cause) {
      throw new EndorserError('plugin', `plugin ${name} cannot be loaded from ${path}: ${messageOf(cause)}`, { cause });
    }
    if (!isPlugin(module.default)) {
      throw new EndorserError('plugin', `plugin ${name}: the default export of ${path} is not ${wanted}`);
    }
    plugins[name] = module.default;
  }
  return plugins;
}
