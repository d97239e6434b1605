/** package.json, as far as a release reads it. */
export interface Manifest {
  name: string;
  version: string;
  description: string;
  license: string;
  type: string;
  engines: Record<string, string>;
  dependencies: Record<string, string>;
}

/** A package-lock.json of version 3, as far as a release reads it. */
export interface Lock {
  lockfileVersion: number;
  /** By folder: `node_modules/ws`. The empty name is the package itself. */
  packages: Record<string, LockedPackage>;
}

interface LockedPackage {
  version?: string;
  license?: string;
  dev?: boolean;
  link?: boolean;
  optional?: boolean;
  hasInstallScript?: boolean;
}

/** Where the built package keeps what it runs and what it exports. */
export const COMMAND = 'bin/muster.mjs';
const CLIENT = 'lib/client/client';

/** The package.json that is published: compiled files, nothing that only a checkout needs. */
export function publishedManifest(checkout: Manifest): object {
  const { name, version, description, license, type, engines, dependencies } = checkout;
  return {
    name,
    version,
    description,
    license,
    type,
    engines,
    bin: { muster: COMMAND },
    exports: {
      './client': { types: `./${CLIENT}.d.ts`, default: `./${CLIENT}.js` },
      './package.json': './package.json',
    },
    dependencies,
  };
}

/** npm-shrinkwrap.json: every install gets the versions that were tested. Leaves out development and workspaces. */
export function publishedLock({ name, version, ...rest }: Manifest, { lockfileVersion, packages }: Lock): object {
  const { license, dependencies, engines } = rest;
  const root = { name, version, license, dependencies, bin: { muster: COMMAND }, engines };
  return {
    name,
    version,
    lockfileVersion,
    requires: true,
    packages: { '': root, ...productionPackages(packages) },
  };
}

/** The locked packages that an install without development has. */
export function productionPackages(packages: Lock['packages']): Lock['packages'] {
  const wanted = Object.entries(packages).filter(
    ([folder, { dev, link }]) => folder.startsWith('node_modules/') && !dev && !link,
  );
  return Object.fromEntries(wanted);
}
