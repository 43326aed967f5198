/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_VERSION_H
#define VSKMS_VERSION_H

/* Both modules are built, released and loaded together: one version. */
#define VSKMS_VERSION "0.1"

#endif
