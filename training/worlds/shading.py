"""Shading: a material's nodes, written as nested calls."""

import bpy


class Graph:
    """A shader's nodes, written as nested calls."""

    def __init__(self, tree):
        self.tree = tree
        tree.nodes.clear()

    def add(self, kind, inputs=None, **settings):
        """Add a node; inputs are by socket identifier or name: values or other sockets."""
        node = self.tree.nodes.new(f'ShaderNode{kind}')
        for key, value in settings.items():
            setattr(node, key, value)
        for key, value in (inputs or {}).items():
            socket = find_socket(node.inputs, key)
            if isinstance(value, bpy.types.NodeSocket):
                self.tree.links.new(value, socket)
            else:
                socket.default_value = value
        return node

    def noise(self, scale, coordinates=None, detail=2.0, roughness=0.6):
        """Return fractal noise in [0, 1], about 0.5."""
        inputs = {'Scale': scale, 'Detail': detail, 'Roughness': roughness}
        if coordinates is not None:
            inputs['Vector'] = coordinates
        else:
            inputs['Vector'] = self.position()
        return self.add('TexNoise', inputs).outputs[0]

    def position(self):
        """Return the world position."""
        return self.add('NewGeometry').outputs['Position']

    def local(self):
        """Return the position in the object."""
        return self.add('TexCoord').outputs['Object']

    def wall(self):
        """Return coordinates on upright walls: along the wall, height."""
        xyz = self.add('SeparateXYZ', {'Vector': self.local()}).outputs
        along = self.math('ADD', xyz['X'], xyz['Y'])
        return self.add('CombineXYZ', {'X': along, 'Y': xyz['Z']}).outputs[0]

    def image(self, path, coordinates, projection='FLAT'):
        """Return the colour of a picture that spans one unit of the coordinates and repeats."""
        picture = bpy.data.images.load(str(path), check_existing=True)
        picture.alpha_mode = 'NONE'
        return self.add('TexImage', {'Vector': coordinates}, image=picture,
                        projection=projection, projection_blend=0.2).outputs['Color']

    def tint(self):
        """Return the face's colour times the object's."""
        face = self.add('Attribute', attribute_name='tint').outputs['Color']
        thing = self.add('ObjectInfo').outputs['Color']
        return self.mix('MULTIPLY', 1.0, face, thing)

    def mix(self, blend, factor, a, b):
        """Blend two colours."""
        return find_socket(self.add('Mix', {'Factor_Float': factor, 'A_Color': a, 'B_Color': b},
                                    data_type='RGBA', blend_type=blend).outputs, 'Result_Color')

    def math(self, operation, a, b=0.0):
        """Combine two numbers."""
        node = self.add('Math', operation=operation)
        for socket, value in zip(node.inputs, (a, b)):
            if isinstance(value, bpy.types.NodeSocket):
                self.tree.links.new(value, socket)
            else:
                socket.default_value = value
        return node.outputs[0]

    def ramp(self, value, low, high, to_low=0.0, to_high=1.0):
        """Map [low, high] to [to_low, to_high], clamped."""
        return self.add('MapRange', {'Value': value, 'From Min': low, 'From Max': high,
                                     'To Min': to_low, 'To Max': to_high}).outputs[0]

    def shade(self, colour, amount):
        """Darken or lighten a colour by a number about 1."""
        grey = self.add('CombineColor', {'Red': amount, 'Green': amount, 'Blue': amount})
        return self.mix('MULTIPLY', 1.0, colour, grey.outputs[0])

    def bump(self, height, distance, strength=0.6):
        """Return a normal bumped by a height in [0, 1] (distance in metres)."""
        return self.add('Bump', {'Height': height, 'Distance': distance,
                                 'Strength': strength}).outputs[0]

    def surface(self, colour, roughness=0.7, normal=None, **more):
        """Finish with the principled shader."""
        inputs = {'Base Color': colour, 'Roughness': roughness, **more}
        if normal is not None:
            inputs['Normal'] = normal
        self.finish(self.add('BsdfPrincipled', inputs).outputs[0])

    def finish(self, shader):
        """Finish with a shader."""
        self.add('OutputMaterial', {'Surface': shader})


def find_socket(sockets, key):
    """Find a node's socket by identifier or name."""
    for socket in sockets:
        if socket.identifier == key:
            return socket
    return sockets[key]
