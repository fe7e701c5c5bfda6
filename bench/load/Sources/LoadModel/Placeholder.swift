public enum LoadModel {}
