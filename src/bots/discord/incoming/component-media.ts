/** The pictures in a message that is built of components: galleries, thumbnails beside text, files, and containers of them. */
import { type APIMessageComponent, type APIUnfurledMediaItem, ComponentType } from 'discord.js';

export interface ComponentMedia {
  readonly media: Pick<APIUnfurledMediaItem, 'url' | 'proxy_url' | 'content_type'>;
  readonly spoiler: boolean;
  readonly alt?: string | undefined;
  /** As the file component says. */
  readonly name?: string | undefined;
  readonly size?: number | undefined;
}

/** In the order in which the message shows them. Survives whatever a later version of Discord puts there. */
export function mediaOf(components: readonly Partial<APIMessageComponent>[] = []): ComponentMedia[] {
  return components.flatMap((one) => {
    const component = one as APIMessageComponent;
    switch (component.type) {
      case ComponentType.MediaGallery:
        return (component.items ?? []).flatMap((item) => fromItem(item));
      case ComponentType.Thumbnail:
        return fromItem(component);
      case ComponentType.File: {
        const { file, spoiler = false, name, size } = component;
        return file?.url ? [{ media: file, spoiler, name, size }] : [];
      }
      case ComponentType.Section:
        return component.accessory ? mediaOf([component.accessory]) : [];
      case ComponentType.Container: {
        const hidden = component.spoiler === true;
        return mediaOf(component.components).map((each) => ({ ...each, spoiler: each.spoiler || hidden }));
      }
      default:
        return [];
    }
  });
}

interface Item {
  readonly media?: APIUnfurledMediaItem;
  readonly description?: string | null | undefined;
  readonly spoiler?: boolean | undefined;
}

function fromItem({ media, description, spoiler = false }: Item): ComponentMedia[] {
  return media?.url ? [{ media, spoiler, ...(description ? { alt: description } : {}) }] : [];
}
