/** The elements from npm instead of a script tag: they are registered here, and told where the BFF is. */
// oxlint-disable-next-line import/no-unassigned-import -- registers the elements
import '@billhook/widget/define';
import { configureBillhook } from '@billhook/widget';

const api = document.querySelector<HTMLMetaElement>('meta[name=billhook]')?.content;
if (api) configureBillhook({ api });
