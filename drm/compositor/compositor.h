/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The C boundary of the compositor.
 *
 * The compositor is pure: it takes no lock and calls nothing of the kernel's but
 * the C++ runtime's hooks. A scene is checked and copied once, by
 * compositor_create(), and then composed as often as needed, by
 * compositor_run(), which allocates nothing and never sleeps.
 *
 * Arithmetic. A channel has 16 bits, and the result of each step is the exact one
 * rounded to the nearest, halves up:
 *
 * - A colour of n bits is read as v * 65535 / (2^n - 1); for 8 bits that is v * 257.
 *   R1 to R8 are grey. YUV becomes RGB as yuv.hpp says; a chroma sample serves all
 *   its pixels alike. A format without alpha is opaque.
 * - The plane's colour operations are applied to what was read; where the format has
 *   alpha, that is to the colour as it is stored, premultiplied or not. Their results
 *   have 8 bits of fraction, and are rounded after the last one. They are clamped to
 *   0..65535 there and before each LUT, to its range before a curve, not between
 *   matrices.
 * - Blending, where fg is the plane, bg what is below, pa the plane's alpha, and all
 *   of these are fractions of 65535:
 *
 *	None		pa * fg + (1 - pa) * bg
 *	Pre-multiplied	(pa * fg) + (1 - (pa * fg.a)) * bg, clamped
 *	Coverage	(pa * fg.a) * fg + (1 - (pa * fg.a)) * bg
 *
 *   (...) is rounded, and so is the last product of Pre-multiplied; the other two
 *   are rounded once, as a whole. For a format without alpha None and Coverage are
 *   the same.
 * - The CRTC's matrix and then its LUT are applied likewise to all, background too.
 * - An output of n bits is v * (2^n - 1) / 65535, so opaque 8-bit pixels come out as
 *   they are.
 *
 * A matrix is used with 24 bits of fraction, entries within +-4096, and what is kept
 * unclamped between matrices saturates at +-128.
 */
#ifndef VSKMS_COMPOSITOR_H
#define VSKMS_COMPOSITOR_H

#ifdef __cplusplus
extern "C" {
#endif

enum {
	COMPOSITOR_PLANES = 34,			/* in a scene */
	COMPOSITOR_MEMORY_PLANES = 3,		/* in a framebuffer */
	COMPOSITOR_MAX_SIZE = 8192,		/* of a scene, in each direction */
	COMPOSITOR_COLOROPS = 9,		/* of a plane */
	COMPOSITOR_LUT_ENTRIES = 65536,		/* at most; at least 2 */
	COMPOSITOR_LUT3D_SIZE = 33,		/* at most; at least 2 */
};

/* As DRM's "pixel blend mode". */
enum compositor_blend {
	COMPOSITOR_BLEND_PREMULTIPLIED,
	COMPOSITOR_BLEND_COVERAGE,
	COMPOSITOR_BLEND_NONE,
};

enum compositor_encoding {
	COMPOSITOR_BT601,
	COMPOSITOR_BT709,
	COMPOSITOR_BT2020,
};

enum compositor_range {
	COMPOSITOR_LIMITED,
	COMPOSITOR_FULL,
};

enum compositor_colorop_type {
	COMPOSITOR_LUT,
	COMPOSITOR_MATRIX,
	COMPOSITOR_CURVE,
	COMPOSITOR_LUT3D,
};

/* Their formulas are in curve.hpp, and how exact they are. */
enum compositor_curve {
	COMPOSITOR_SRGB_EOTF,
	COMPOSITOR_SRGB_INV_EOTF,
	COMPOSITOR_PQ_125_EOTF,		/* to 0..125 */
	COMPOSITOR_PQ_125_INV_EOTF,	/* from 0..125 */
	COMPOSITOR_BT2020_INV_OETF,
	COMPOSITOR_BT2020_OETF,
	COMPOSITOR_GAMMA22,
	COMPOSITOR_GAMMA22_INV,
	COMPOSITOR_CURVES,		/* how many there are */
};

/**
 * struct compositor_lut - a table for each channel, spread evenly over 0..65535
 * @entries: of each table, 2 to COMPOSITOR_LUT_ENTRIES
 * @red: what red becomes, where 2^32 - 1 stands for 65535; between two entries linearly
 *	 interpolated
 * @green: the same for green
 * @blue: the same for blue
 */
struct compositor_lut {
	unsigned int entries;
	const unsigned int *red;
	const unsigned int *green;
	const unsigned int *blue;
};

/**
 * struct compositor_matrix - a linear map of colours
 * @m: three rows, for red, green and blue, of four: the factors of red, green and
 *     blue, and what is added, where 1.0 stands for 65535. Signed 31.32 fixed point,
 *     in two's complement.
 */
struct compositor_matrix {
	long long m[12];
};

/**
 * struct compositor_lut3d - a table of colours, spread evenly over a cube
 * @size: entries along each edge, 2 to COMPOSITOR_LUT3D_SIZE
 * @table: what each colour becomes: red, green and blue, as in struct compositor_lut.
 *	   Neighbours in the table differ in red, rows in green, and planes in blue.
 *	   Between entries, interpolated in tetrahedra.
 */
struct compositor_lut3d {
	unsigned int size;
	const unsigned int *table;
};

/**
 * struct compositor_colorop - a step of a plane's colour pipeline
 * @type: which of the following it is
 * @lut: a COMPOSITOR_LUT
 * @matrix: a COMPOSITOR_MATRIX
 * @curve: a COMPOSITOR_CURVE, of all three channels
 * @cube: a COMPOSITOR_LUT3D
 */
struct compositor_colorop {
	enum compositor_colorop_type type;
	union {
		struct compositor_lut lut;
		struct compositor_matrix matrix;
		enum compositor_curve curve;
		struct compositor_lut3d cube;
	};
};

/**
 * struct compositor_plane - a picture and where it is shown
 * @format: DRM_FORMAT_* of the framebuffer, one of compositor_formats()
 * @fb_width: width of the framebuffer, up to 65536
 * @fb_height: its height
 * @pitch: of each of its memory planes, in bytes; rows may not overlap
 * @src_x: left edge of the part that is shown, in whole pixels
 * @src_y: top edge
 * @src_w: width
 * @src_h: height
 * @dst_x: where the left edge of the (rotated) part is in the scene; it may lie
 *	   partly or wholly outside
 * @dst_y: where the top edge is
 * @rotation: DRM_MODE_ROTATE_* | DRM_MODE_REFLECT_*, one of the former; reflected
 *	      first, then rotated counter-clockwise
 * @alpha: plane alpha
 * @blend: pixel blend mode
 * @encoding: of a YUV format
 * @range: of a YUV format
 * @colorops: how many of @colorop there are
 * @colorop: colour operations before blending, first to last
 */
struct compositor_plane {
	unsigned int format;
	unsigned int fb_width, fb_height;
	unsigned int pitch[COMPOSITOR_MEMORY_PLANES];
	unsigned int src_x, src_y, src_w, src_h;
	int dst_x, dst_y;
	unsigned int rotation;
	unsigned short alpha;
	enum compositor_blend blend;
	enum compositor_encoding encoding;
	enum compositor_range range;
	unsigned int colorops;
	struct compositor_colorop colorop[COMPOSITOR_COLOROPS];
};

/**
 * struct compositor_scene - what a CRTC shows
 * @width: in pixels, 1 to COMPOSITOR_MAX_SIZE
 * @height: the same
 * @background: ARGB16161616, the alpha ignored
 * @planes: how many of @plane there are, up to COMPOSITOR_PLANES
 * @plane: the lowest first
 * @ctm: the CRTC's matrix, or NULL
 * @gamma: its LUT after the matrix, or NULL
 */
struct compositor_scene {
	unsigned int width, height;
	unsigned long long background;
	unsigned int planes;
	const struct compositor_plane *plane;
	const struct compositor_matrix *ctm;
	const struct compositor_lut *gamma;
};

/**
 * struct compositor_memory - where a framebuffer's bytes are
 * @data: where each of its memory planes begins, its offset applied. If the first is
 *	  NULL, the plane is blanked: it shows opaque black over all its destination,
 *	  whatever its alphas are.
 *
 * No byte is read that is in no row of the framebuffer, nor any of a plane that
 * cannot be seen. What is read may change meanwhile: that changes pixels only.
 */
struct compositor_memory {
	const void *data[COMPOSITOR_MEMORY_PLANES];
};

/**
 * struct compositor_target - an image that is written
 * @data: its first pixel
 * @pitch: in bytes
 * @format: DRM_FORMAT_*, one of compositor_targets(); alpha and padding are all ones
 *
 * It has the size of the scene. No byte between its rows is written.
 */
struct compositor_target {
	void *data;
	unsigned int pitch;
	unsigned int format;
};

/**
 * typedef compositor_line - gets the scene line by line, top to bottom
 * @context: as given to compositor_run()
 * @line: XRGB8888, X = 0; only valid now
 * @bytes: 4 * the scene's width
 */
typedef void (*compositor_line)(void *context, const void *line, unsigned int bytes);

/* A scene, checked and prepared. It is immutable, so it may run several times at once. */
struct compositor;

/**
 * compositor_formats() - the formats the compositor reads
 * @codes: where their DRM_FORMAT_* codes are stored, best liked first; may be NULL
 *	   if @room is 0
 * @room: how many codes fit there
 *
 * Return: how many formats there are, whatever @room is.
 */
unsigned int compositor_formats(unsigned int *codes, unsigned int room);

/**
 * compositor_targets() - the formats the compositor writes
 * @codes: as compositor_formats()
 * @room: as compositor_formats()
 *
 * Return: how many there are, whatever @room is.
 */
unsigned int compositor_targets(unsigned int *codes, unsigned int room);

/**
 * compositor_create() - check and prepare a scene
 * @scene: all of it is copied, LUTs too
 * @made: where the prepared scene is stored
 *
 * May sleep.
 *
 * Return: 0; -EINVAL if a size, format, rotation, LUT or enum is none, a part lies
 * outside its framebuffer, or a pitch cannot hold a row; or -ENOMEM.
 */
int compositor_create(const struct compositor_scene *scene, struct compositor **made);

/**
 * compositor_destroy() - free a prepared scene that runs no more
 * @compositor: the scene, or NULL
 */
void compositor_destroy(struct compositor *compositor);

/**
 * compositor_scratch() - how much scratch memory a run needs
 * @compositor: the scene
 *
 * Return: bytes: 4 KiB, and four for each pixel of a line, or of sixteen lines if a
 * plane is rotated by a right angle.
 */
unsigned long compositor_scratch(const struct compositor *compositor);

/**
 * compositor_run() - compose a frame
 * @compositor: the scene
 * @memory: of each plane of the scene
 * @scratch: compositor_scratch() bytes, aligned to 8. Nothing is expected in it, and
 *	     pixels are left there; they are kept nowhere else.
 * @target: the image to write, or NULL. One whose format is not of
 *	    compositor_targets() is ignored.
 * @line: who gets each line, or NULL
 * @context: for @line
 *
 * The time it takes is bounded by the pixels that can be seen; nothing is allocated,
 * locked or waited for.
 */
void compositor_run(const struct compositor *compositor, const struct compositor_memory *memory,
		    void *scratch, const struct compositor_target *target, compositor_line line,
		    void *context);

#ifdef __cplusplus
}
#endif

#endif
