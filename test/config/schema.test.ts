import { readFileSync } from 'node:fs';
import { parse } from 'dotenv';
import { describe, expect, it } from 'vitest';
import { CONFIG_GROUPS, configurationPage, envExample } from '../../src/config/docs.ts';
import { ConfigError, configShape, loadConfig } from '../../src/config/schema.ts';

const file = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

describe('loadConfig', () => {
  it('takes a Redis and a place for photos, and says what is missing beside them', () => {
    const urls = {
      QUEUE_URL: 'rediss://user:secret@redis.example.org:6380/2',
      BLOB_URL: 's3://photos/dctoon/',
      AWS_ACCESS_KEY_ID: 'key',
      AWS_SECRET_ACCESS_KEY: 'secret',
    };
    expect(loadConfig(urls)).toMatchObject(urls);
    expect(loadConfig({ QUEUE_URL: 'redis://localhost', BLOB_URL: 'file:///mnt/photos' }).AWS_REGION).toBe(
      'us-east-1',
    );
    expect(() => loadConfig({ QUEUE_URL: 'http://localhost' })).toThrow(/QUEUE_URL: must be a redis/);
    expect(() => loadConfig({ BLOB_URL: 'file:///mnt' })).toThrow(/BLOB_URL: is of use with QUEUE_URL only/);
    expect(() => loadConfig({ ...urls, AWS_ACCESS_KEY_ID: '' })).toThrow(/AWS_ACCESS_KEY_ID: is required/);
  });

  it('needs nothing: the page runs without any variable', () => {
    const config = loadConfig({});
    expect(config).toMatchObject({ WEB: 'on', WEB_PORT: 8080, DEFAULT_STYLE: '3d', TELEGRAM_ADMIN_IDS: [] });
    expect(config.TELEGRAM_TOKEN).toBeUndefined();
  });

  it('reports every problem at once, by name and in plain words', () => {
    const wrong = {
      WEB_PORT: 'http',
      QUEUE_LIMIT: '0',
      TELEGRAM_TOKEN: 'no token',
      TELEGRAM_ADMIN_IDS: '1, x',
    };
    const act = () => loadConfig(wrong);
    expect(act).toThrow(ConfigError);
    expect(act).toThrow(/WEB_PORT: must be a whole number from 0 to 65535/);
    expect(act).toThrow(/QUEUE_LIMIT: must be a whole number from 1/);
    expect(act).toThrow(/TELEGRAM_TOKEN: must look like/);
    expect(act).toThrow(/TELEGRAM_ADMIN_IDS.*: must be numeric ids/);
  });

  it('never repeats a secret in a problem', () => {
    expect(() => loadConfig({ TELEGRAM_TOKEN: 'secret-but-misspelt' })).not.toThrow(/secret-but-misspelt/);
  });

  it('asks for the webhook secret when a webhook is configured', () => {
    expect(() => loadConfig({ TELEGRAM_WEBHOOK_URL: 'https://bot.example/hook' })).toThrow(
      /TELEGRAM_WEBHOOK_SECRET/,
    );
  });

  it('takes an empty value as not set, and lists as lists', () => {
    expect(loadConfig({ WEB_PORT: ' ', TELEGRAM_ADMIN_IDS: '12, 34' })).toMatchObject({
      WEB_PORT: 8080,
      TELEGRAM_ADMIN_IDS: ['12', '34'],
    });
  });
});

describe('the documentation of the configuration', () => {
  it('knows every variable, each once, with a description', () => {
    const named = CONFIG_GROUPS.flatMap(({ names }) => names);
    expect([...named].sort()).toEqual(Object.keys(configShape).sort());
    expect(Object.values(configShape).every((type) => (type.description ?? '').length > 10)).toBe(true);
  });

  it('.env.example is what the schema says, and itself a valid configuration', () => {
    expect(file('.env.example')).toBe(envExample());
    expect(loadConfig(parse(file('.env.example')))).toEqual(loadConfig({}));
  });

  it('docs/configuration.md is what the schema says', () => {
    expect(file('docs/configuration.md')).toBe(configurationPage());
  });
});
